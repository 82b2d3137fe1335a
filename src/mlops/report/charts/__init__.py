"""The charts of the page, as inline SVG.

They take their colours from the page's style, so that they follow its light or dark scheme, their text can be read out
and found, and nothing needs to be loaded to draw or to show them.
"""
