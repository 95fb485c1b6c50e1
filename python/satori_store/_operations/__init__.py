"""The operations of a store, a class for each noun. :class:`satori_store.Store` has them all."""
