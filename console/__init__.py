"""The console: a web face for the people who look after the runs.

urls │ jobs ▶ capabilities, side by side ▶ access │ audit ▶ gateway │ ui ▶ settings

Each capability has the same files: urls, views, forms, presenters, actions, and
templates/<capability>/; jobs, where it works in the background.
It reaches the engine through `gateway` alone and never imports another capability.
"""
