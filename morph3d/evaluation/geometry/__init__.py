"""Geometry of reconstructions: how far are faces made of photos from scans of the same people?"""
