"""E-mail: notices as HTML with a plain twin, by SMTP."""
