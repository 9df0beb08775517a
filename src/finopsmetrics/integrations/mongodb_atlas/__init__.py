"""MongoDB Atlas: its invoices."""
