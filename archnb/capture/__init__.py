"""What asks: forms in a notebook, made from what the records say of themselves. The only room that knows ipywidgets."""

from __future__ import annotations

# The function of this name stands over the module of this name, which is imported first.
from archnb.capture.form import SECTIONS, Form, form

__all__ = ["SECTIONS", "Form", "form"]
