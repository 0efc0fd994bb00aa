"""A report as one self-contained HTML file: no script, nothing loaded, readable on paper. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Final, assert_never

from coordinator.reports.timeline import COLOURS, LANES, TimelinePicture
from coordinator.reports.wording import Block, Heading, Still, Table, Timeline, Words

CONTENT_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"
"""Also written into the file itself, for opening it from a disk."""

_LANE_PX: Final = 34
_LEFT_PX: Final = 90
_WIDTH_PX: Final = 880
_RIGHT_PX: Final = 30
"""Space for the last tick's label."""
_STYLE: Final = """
body{font:15px/1.45 system-ui,sans-serif;color:#111;background:#fff}
body{max-width:64rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%;margin:.5rem 0 1rem;table-layout:fixed}
th,td{border:1px solid #bbb;padding:.25rem .4rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}
th{background:#eee}figure{display:inline-block;margin:.5rem 1rem .5rem 0;max-width:20rem}
figure img{max-width:100%}figcaption{font-size:13px;overflow-wrap:anywhere}svg{max-width:100%;height:auto}
@media print{body{margin:0;max-width:none}tr,figure{break-inside:avoid}}
"""


def as_html(title: str, blocks: Iterable[Block]) -> str:
    """The whole file."""
    body = "\n".join(_block(block) for block in blocks)
    policy = CONTENT_POLICY.removesuffix("; frame-ancestors 'none'")  # not allowed in a meta element
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n<body><main>\n{body}\n</main></body></html>\n"
    )


def _block(block: Block) -> str:
    match block:
        case Heading():
            return f"<h{block.level}>{escape(block.text)}</h{block.level}>"
        case Words():
            return f"<p>{escape(block.text)}</p>"
        case Table():
            return _table(block)
        case Timeline():
            return _svg(block.picture)
        case Still():
            caption = escape(block.caption)
            source = escape(block.data_url, quote=True)
            return f'<figure><img src="{source}" alt="{caption}"><figcaption>{caption}</figcaption></figure>'
        case _:
            assert_never(block)


def _table(table: Table) -> str:
    columns = "".join(f'<col style="width:{share:.0%}">' for share in table.shares)
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in table.head)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in table.rows
    )
    return f"<table><colgroup>{columns}</colgroup><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _svg(picture: TimelinePicture) -> str:
    height = _LANE_PX * len(LANES) + 24
    parts = [
        f'<svg viewBox="0 0 {_LEFT_PX + _WIDTH_PX + _RIGHT_PX} {height}" role="img" '
        f'aria-label="{escape(picture.summary, quote=True)}" font-family="sans-serif" font-size="12">'
    ]
    for lane, name in enumerate(LANES):
        y = lane * _LANE_PX
        parts.append(f'<text x="0" y="{y + 21}">{name}</text>')
        parts.append(
            f'<rect x="{_LEFT_PX}" y="{y + 2}" width="{_WIDTH_PX}" height="{_LANE_PX - 4}" fill="#f3f4f6"/>'
        )
    for tick in picture.ticks:
        x = _LEFT_PX + tick.x * _WIDTH_PX
        parts.append(f'<path d="M{x:.1f} 0V{height - 18}" stroke="#cbd5e1"/>')
        parts.append(f'<text x="{x:.1f}" y="{height - 4}" text-anchor="middle">{tick.label}</text>')
    for bar in picture.bars:
        bar_px = bar.height * (_LANE_PX - 6)
        parts.append(
            f'<rect x="{_LEFT_PX + bar.x * _WIDTH_PX:.1f}" y="{(bar.lane + 1) * _LANE_PX - 3 - bar_px:.1f}" '
            f'width="{bar.width * _WIDTH_PX:.1f}" height="{bar_px:.1f}" fill="{COLOURS[bar.lane]}" '
            f'fill-opacity="0.8"><title>{escape(bar.title)}</title></rect>'
        )
    return "".join([*parts, "</svg>"])
