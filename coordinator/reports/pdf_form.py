"""A report as PDF, by ReportLab: the same blocks as the HTML form, the timeline drawn as shapes.

The two typefaces of ReportLab have only Western European letters. A missing character is printed as ◊, and
the foot of every page refers to the HTML and JSON forms.
"""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Iterable
from typing import Any, Final, assert_never
from xml.sax.saxutils import escape

from PIL import Image as Pictures
from reportlab.graphics.shapes import Drawing, Line, Rect, String
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import getFont, registerFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import (
    Flowable,
    Image,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table as PdfTable,
    TableStyle,
)

from coordinator.reports.timeline import COLOURS, LANES, TimelinePicture
from coordinator.reports.wording import Block, Heading, Still, Table, Timeline, Words

MISSING: Final = "◊"
"""The typefaces have it, unlike the usual box."""
_MARGIN: Final = 16 * mm
_WIDTH: Final = A4[0] - 2 * _MARGIN
_PLAIN, _BOLD = "Vera", "VeraBd"
_MAX_STILL: Final = 60 * mm
MAX_STILL_PIXELS: Final = 4_000_000
"""A node's small picture has a fiftieth of that; a file that claims more may unpack to gigabytes."""
_BOMBS: Final = (Pictures.DecompressionBombError, Pictures.DecompressionBombWarning)
"""Pillow's own limits are above ours, and its lower one only warns."""
_BODY: Final = ParagraphStyle("body", fontName=_PLAIN, fontSize=8, leading=11, spaceAfter=4)
_CELL: Final = ParagraphStyle("cell", fontName=_PLAIN, fontSize=6.5, leading=8.5, wordWrap="CJK")
_HEAD: Final = ParagraphStyle("head", parent=_CELL, fontName=_BOLD)
_TITLES: Final = {
    1: ParagraphStyle("h1", fontName=_BOLD, fontSize=14, leading=18, spaceAfter=6),
    2: ParagraphStyle("h2", fontName=_BOLD, fontSize=11, leading=14, spaceBefore=8, spaceAfter=4),
    3: ParagraphStyle("h3", fontName=_BOLD, fontSize=8.5, leading=11, spaceBefore=5, spaceAfter=2),
}
_GRID: Final = TableStyle(
    [
        ("GRID", (0, 0), (-1, -1), 0.4, HexColor("#bbbbbb")),
        ("BACKGROUND", (0, 0), (-1, 0), HexColor("#eeeeee")),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ]
)


def as_pdf(title: str, blocks: Iterable[Block]) -> bytes:
    """The whole file; the same blocks give the same bytes."""
    for name in (_PLAIN, _BOLD):
        registerFont(TTFont(name, f"{name}.ttf"))
    out = io.BytesIO()
    pages = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
        title=printable(title),
        invariant=1,
    )

    def foot(canvas: Any, page: Any) -> None:
        canvas.setFont(_PLAIN, 6)
        canvas.drawString(_MARGIN, 8 * mm, foot_of(title))
        canvas.drawRightString(A4[0] - _MARGIN, 8 * mm, str(page.page))

    flow = [flowable for block in blocks for flowable in _flowables(block)]
    pages.build(flow, onFirstPage=foot, onLaterPages=foot)
    return out.getvalue()


def foot_of(title: str) -> str:
    """The line at the foot of every page."""
    return f"{printable(title)}. {MISSING} stands for a letter that is only in the HTML and JSON forms."


def printable(text: str) -> str:
    """The text with characters that the typeface lacks as ◊."""
    known = getFont(_PLAIN).face.charToGlyph
    return "".join(each if ord(each) in known else MISSING for each in text)


def _flowables(block: Block) -> list[Flowable]:
    match block:
        case Heading():
            return [Paragraph(_marked(block.text), _TITLES[block.level])]
        case Words():
            return [Paragraph(_marked(block.text), _BODY)]
        case Table():
            return [_table(block), Spacer(1, 6)]
        case Timeline():
            return [_drawing(block.picture)]
        case Still():
            return _still(block)
        case _:
            assert_never(block)


def _marked(text: str) -> str:
    return escape(printable(text))


def _table(table: Table) -> PdfTable:
    rows = [[Paragraph(_marked(cell), _HEAD) for cell in table.head]]
    rows += [[Paragraph(_marked(_cut(cell)), _CELL) for cell in row] for row in table.rows]
    widths = [share * _WIDTH for share in table.shares]
    return PdfTable(rows, colWidths=widths, repeatRows=1, style=_GRID, splitInRow=1)


def _cut(cell: str) -> str:
    return cell if len(cell) <= 4_000 else cell[:3_999] + "…"


def _still(still: Still) -> list[Flowable]:
    caption = Paragraph(_marked(still.caption), _CELL)
    try:
        picture = _decoded(base64.b64decode(still.data_url.partition(",")[2], validate=True))
    except (binascii.Error, OSError, ValueError, SyntaxError, ArithmeticError, *_BOMBS):
        return [caption, Paragraph("This picture cannot be read.", _CELL), Spacer(1, 4)]
    return [picture, caption, Spacer(1, 4)]


def _decoded(data: bytes) -> Image:
    """Decode completely here: a broken picture would make the building of the pages fail."""
    with Pictures.open(io.BytesIO(data), formats=("JPEG",)) as opened:
        if opened.width * opened.height > MAX_STILL_PIXELS:
            raise ValueError("more pixels than allowed for a small picture")
        opened.load()
    picture = Image(io.BytesIO(data))
    scale = min(1.0, _MAX_STILL / max(picture.imageWidth, picture.imageHeight))
    picture.drawWidth, picture.drawHeight = picture.imageWidth * scale, picture.imageHeight * scale
    return picture


def _drawing(picture: TimelinePicture) -> Drawing:
    lane, left, right = 8 * mm, 20 * mm, 6 * mm
    width, top = _WIDTH - left - right, lane * len(LANES) + 5 * mm
    drawing = Drawing(_WIDTH, top)
    for number, name in enumerate(LANES):
        y = top - (number + 1) * lane
        drawing.add(String(0, y + 3 * mm, name, fontName=_PLAIN, fontSize=7))
        drawing.add(Rect(left, y + 1, width, lane - 2, fillColor=HexColor("#f3f4f6"), strokeColor=None))
    for tick in picture.ticks:
        x = left + tick.x * width
        drawing.add(Line(x, 5 * mm, x, top, strokeColor=HexColor("#cbd5e1"), strokeWidth=0.5))
        drawing.add(String(x, 1 * mm, tick.label, fontName=_PLAIN, fontSize=6, textAnchor="middle"))
    for bar in picture.bars:
        y, height = top - (bar.lane + 1) * lane + 1, bar.height * (lane - 2)
        colour = HexColor(COLOURS[bar.lane])
        drawing.add(
            Rect(left + bar.x * width, y, bar.width * width, height, fillColor=colour, strokeColor=None)
        )
    return drawing
