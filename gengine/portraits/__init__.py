"""Talking portraits: one photo, one performance, a film of that face speaking."""
