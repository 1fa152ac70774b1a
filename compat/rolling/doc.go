// Package rolling lets a fleet go from Fast to Handfast peer by peer. A peer that was upgraded serves both on one address, with the
// same methods, and calls each remote in the protocol that the remote's configuration names (spec/fast.md).
//
//	srv := rolling.Serve(methods, fast.ServerConfig{})
//	peer, err := refimpl.New(refimpl.Config{Link: cfg, Other: rolling.Other(srv, time.Hour)})
//
//	r, err := rolling.Dial(ctx, rolling.Remote{Addr: "moray:2020", Protocol: rolling.Fast})
//	err = r.Call(ctx, "getObject", []byte(`["bucket","key"]`), func(value []byte) error { ... })
//
// The protocol is chosen by recipient. Nothing here tries another one because the first has failed.
package rolling
