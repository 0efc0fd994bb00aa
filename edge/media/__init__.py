"""edge/media"""
