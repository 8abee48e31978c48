"""Activities and Nexus operations that stand alone: found, looked at, ended, helped by hand."""
