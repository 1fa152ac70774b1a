package capture

import (
	"bytes"
	"testing"

	"github.com/gopacket/gopacket/layers"
)

// FuzzRead: whatever the bytes are, Read returns, keeps what Connection promises, and keeps no more than the input holds.
func FuzzRead(f *testing.F) {
	w := newTape(&testing.T{})
	w.shake()
	w.say(Dialer, magic+"abc")
	w.raw(Dialer, w.seq[Dialer]+4, "A", []byte("late"))
	w.say(Acceptor, magic)
	w.say(Dialer, "four")
	w.flag(Dialer, "FA")
	f.Add(w.pcap())
	f.Add(w.pcapng())
	w = newTape(&testing.T{})
	w.link, w.ipv6 = layers.LinkTypeRaw, true
	w.say(Dialer, magic)
	f.Add(w.pcap())
	f.Fuzz(func(t *testing.T, b []byte) {
		found, _ := Read(bytes.NewReader(b), Options{MaxBytes: 1 << 20, MaxConnections: 64, MaxPacket: 1 << 16})
		if found == nil {
			return
		}
		kept := 0
		for i := range found.Connections {
			c := &found.Connections[i]
			checkEvents(t, c)
			for _, e := range c.Events {
				kept += len(e.Bytes)
			}
		}
		if kept > len(b) {
			t.Errorf("%d bytes out of %d", kept, len(b))
		}
	})
}

// FuzzReadTrace: the same for reports.
func FuzzReadTrace(f *testing.F) {
	f.Add([]byte(reportOf(`{"link":1,"at_us":5,"dir":">","bytes":9,"hex":"c14846500d0a1a0a"}`)))
	f.Fuzz(func(t *testing.T, b []byte) {
		found, _ := ReadTrace(bytes.NewReader(b), Options{MaxBytes: 1 << 20})
		if found == nil {
			return
		}
		for i := range found.Connections {
			checkEvents(t, &found.Connections[i])
		}
	})
}
