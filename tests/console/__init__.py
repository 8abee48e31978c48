"""The console, page by page: right, wrong method, wrong person, htmx and full page."""
