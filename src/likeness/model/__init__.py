"""One saved model: its folder, record and card; how it is opened, imported and exported."""
