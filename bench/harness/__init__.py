"""What every measurement of this folder needs: processes, the machine, the report."""
