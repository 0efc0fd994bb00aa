"""edge/analysis"""
