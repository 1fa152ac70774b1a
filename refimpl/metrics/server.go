package metrics

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// Path is where a Server has the metrics. Nothing else is there.
const Path = "/metrics"

// Server is an HTTP server for metrics alone.
type Server struct {
	http  http.Server
	ended chan error // capacity 1
}

// Serve begins to serve a handler on ln, which it closes. Close ends it.
func Serve(ln net.Listener, h http.Handler) *Server {
	mux := http.NewServeMux()
	mux.Handle("GET "+Path, h)
	s := &Server{ended: make(chan error, 1), http: http.Server{
		Handler: mux, ReadTimeout: 5 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
	}}
	go func() { s.ended <- s.http.Serve(ln) }() // Close waits for it
	return s
}

// Close ends the server, and waits a moment for the answers that are being given. The error is why it had ended before.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		_ = s.http.Close()
	}
	if err := <-s.ended; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
