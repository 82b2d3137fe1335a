"""The charts of the page, as inline SVG.

Their colours come from the page's style and follow its light or dark scheme; their text can be searched and read aloud;
they need neither scripts nor other files.
"""
