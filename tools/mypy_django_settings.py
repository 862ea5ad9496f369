"""Django's settings for mypy's plugin, which reads the models: the product's own, with nothing written anywhere."""

from duologue.auth.django_settings import build
from duologue.auth.settings import AuthSettings
from duologue.kit.settings import load

globals().update(build(load(AuthSettings), "for the type checker"))
