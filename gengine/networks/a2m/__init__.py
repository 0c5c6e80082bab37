"""Audio-to-motion: a face whose mouth was learned from real ones."""
