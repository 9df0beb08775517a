"""The command line: one file a verb, thin over the workspace. Figures go to standard output, talk to standard error."""
