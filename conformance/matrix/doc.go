// Package matrix lets implementations talk to each other: every dialer that has a driver with every acceptor, over TCP and over TLS. The
// suite plays neither side here. It tells the dialers what to do with the methods of the test kit, holds what they report against what
// the methods are for, and watches the frames of both where they are in clear.
package matrix
