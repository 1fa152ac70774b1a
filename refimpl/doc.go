// Package refimpl is the reference peer: it puts links and sub-protocols together and listens.
//
//	p, err := refimpl.New(refimpl.Config{Link: link.Config{Node: id}})
//	err = p.Serve(ctx, listener)
package refimpl
