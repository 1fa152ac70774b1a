// Package fast speaks Fast, the RPC protocol of Moray (npm package fast), versions 1 and 2, as client and as server.
//
//	srv := fast.NewServer(fast.ServerConfig{})
//	srv.Handle("date", func(ctx context.Context, r *fast.Request, w *fast.Writer) error { return w.Send([]byte(`{"value":1}`)) })
//	err := srv.ServeConn(ctx, conn)
//
//	c := fast.NewClient(conn, fast.ClientConfig{})
//	values, err := c.Call(ctx, "date", []byte(`[]`))
//
// It runs on any net.Conn, dials nothing, and watches its transport for errors and for the end. Every protocol error ends the
// connection and fails the connection's requests with that error as cause; other connections go on. Nothing is ever sent for an
// abort, because releases before 2.0 take such a message for a new request.
//
// What a message means to peers of other protocols is in spec/fast.md.
package fast
