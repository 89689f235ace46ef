"""Likes in Redis."""
