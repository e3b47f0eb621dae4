"""Colors of reconstructions: has a face made of one photo the colors that the person's other photos show?"""
