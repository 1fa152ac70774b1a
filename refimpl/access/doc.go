// Package access reads and writes the objects of a peer by methods of the sub-protocol call (spec/access.md).
//
//	access.Add(srv, s, 1<<20)                                // the peer: a call.Server serves a store
//	read, err := access.Get(ctx, l, key)                     // the client
//	wrote, err := access.Put(ctx, l, key, access.Seen(read.Context), value)
//
// A context is opaque to clients: they give back with a write what they were given with a read.
package access
