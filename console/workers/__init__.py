"""Workers: which live, what they run, how busy they are; and who polls without saying so."""
