"""Maps and the pages that they stand on: one scene, one table of looks, one sheet, two renderers.

`scene` is what a map shows; `cut` takes land, zones and boundaries for an extent out of the layers;
`style` says how each kind of thing looks by day, by night and on paper. `canvas` gives a scene to
the scripts in `script`, which move and play it; `svg` draws it where nothing runs: in the PDF, on
paper, in pages without a script. `page` is the frame of every page.
"""
