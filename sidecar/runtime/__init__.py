"""Where jobs run: the journal, the processes of open jobs, their supervisor."""
