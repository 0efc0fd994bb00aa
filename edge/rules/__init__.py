"""edge/rules"""
