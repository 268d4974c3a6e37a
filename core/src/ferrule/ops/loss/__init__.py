"""Losses, by what they are about."""
