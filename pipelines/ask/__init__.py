"""Ask: what may be asked of a home; it reads only.

Why an event was raised (`explain`), what was known when (`recall`), how the installation is
(`health`, `doctor`), and what notebooks import (`desk`). It imports `run` and what stands
below, and gives answers as objects, frames, pages and words for a terminal.
"""
