"""Likeness of reconstructions: how well does a recognizer that training never saw know the people?"""
