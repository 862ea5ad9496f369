"""Who you are: accounts, logins, tokens. Django and django-allauth, with the product's own endpoints in front."""
