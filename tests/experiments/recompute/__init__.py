"""A report computed again, slowly and otherwise: nothing here comes from `likeness`."""
