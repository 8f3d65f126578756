"""Web: the desk in a browser; the only place that imports fastapi.

For the watch floor and the analyst. `doors` lets nobody in but who was given an address, or signed
in; `app` is what each address shows; `night`, `tonight`, `incident` and `rooms` put into words what
`ask` reads; `charts` and `outlines` draw the brief's map; `concluding` writes what people
concluded, through the store's one writer; `places` and `watching` are learned places and watch
areas, `packing` packs, and `working` has what takes long done beside the pages. It imports
`ask` and what stands below, and gives an application to serve (`serving`).
"""
