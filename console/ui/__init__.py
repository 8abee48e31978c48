"""The shared look. Knows Django, no capability and no engine.

htmx        HtmxRequest, render_page(): a full page or the part that was asked for
currencies  those of ISO 4217, and their digits
pages       token paging
kept        keys of what the cache keeps
paths       a workflow id as one piece of a path
refusals    403, 404, 413 and the rest, as pages or as a notice in the page that is open
stale       forms that say which version of a thing they show
"""
