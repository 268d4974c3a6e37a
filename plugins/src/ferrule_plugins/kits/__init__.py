"""Kits from which backends are made."""
