"""Publish: products of a run, one module per format, all fed by `products.Products`.

`files` writes them all; `packs` makes what one recipient may have. It imports `patrol` and what
stands below, and gives files.
"""
