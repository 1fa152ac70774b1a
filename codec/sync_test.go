package codec

import (
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/spec/vectortest"
)

// TestSyncVectors holds the parsers, the encoders and the JSON form to testdata/sync/messages.json.
func TestSyncVectors(t *testing.T) {
	file := vectortest.Read[struct {
		Format  int
		Spec    string
		Vectors []struct {
			ID, Req, Why, To, In, Verdict, Twin string
			Value                               json.RawMessage
			Changed                             bool `json:"noncanonical"`
			At                                  int
		}
	}](t, "../testdata/sync/messages.json")
	require.Equal(t, 1, file.Format)
	require.Equal(t, 170, len(file.Vectors))
	for _, v := range file.Vectors {
		t.Run(v.ID, func(t *testing.T) {
			in, err := hex.DecodeString(strings.ReplaceAll(v.In, " ", ""))
			require.NoError(t, err)
			parse := ParseSyncRequest
			if v.To == "initiator" {
				parse = ParseSyncAnswer
			}
			m, err := parse(in)
			if v.Verdict == "reject" {
				require.Nil(t, m)
				requireFaultIs(t, err, CodeProtocol, ScopeStream, v.Req, v.At)
				return
			}
			require.NoError(t, err)
			j, err := SyncJSON(m)
			require.NoError(t, err)
			require.JSONEq(t, string(v.Value), string(j))
			read, err := SyncFromJSON(v.Value)
			require.NoError(t, err)
			out, err := read.AppendBinary(append([]byte(nil), prefix...))
			require.NoError(t, err)
			require.Equal(t, prefix, out[:len(prefix)])
			require.Equal(t, !v.Changed, string(out[len(prefix):]) == string(in))
			again, err := parse(out[len(prefix):])
			require.NoError(t, err)
			require.Equal(t, m, again)
		})
	}
}

func TestSyncParams(t *testing.T) {
	p := SyncParams{SaltCheck: SyncSaltCheck([16]byte{}), Namespace: "users"}
	require.Equal(t, hx("4341c9f5e2c6da90 7573657273")[8:], p.Append(nil)[8:])
	got, err := ParseSyncParams(p.Append(nil))
	require.NoError(t, err)
	require.Equal(t, p, got)
	require.NotEqual(t, SyncSaltCheck([16]byte{1}), p.SaltCheck)
	for _, bad := range []string{"", "1234567", "12345678", "12345678Users", "12345678us ers", "12345678" + strings.Repeat("a", 65)} {
		_, err := ParseSyncParams([]byte(bad))
		require.Equal(t, "SYNC-002", requireFault(t, err).Req, bad)
	}
}

func TestSyncAgrees(t *testing.T) {
	a := SyncComplete{Sent: 3, Acked: 3, Received: 2, NoOps: 1, Applied: 1}
	b := SyncComplete{Sent: 2, Acked: 2, Received: 3, Applied: 2, Siblings: 1}
	require.True(t, SyncAgrees(a, b))
	for name, change := range map[string]func(a *SyncComplete){
		"an answer is missing":   func(a *SyncComplete) { a.Acked-- },
		"an object is missing":   func(a *SyncComplete) { a.Sent++; a.Acked++ },
		"one was not received":   func(a *SyncComplete) { a.Received--; a.NoOps-- },
		"an outcome is missing":  func(a *SyncComplete) { a.NoOps-- },
		"something was refused":  func(a *SyncComplete) { a.Rejected++ },
		"refused and not called": func(a *SyncComplete) { a.NoOps--; a.Rejected++ },
		"something was not sent": func(a *SyncComplete) { a.Errors++ },
	} {
		c := a
		change(&c)
		require.False(t, SyncAgrees(c, b), name)
		require.False(t, SyncAgrees(b, c), name)
	}
}

func TestSyncPrefix(t *testing.T) {
	p := SyncPrefix{}
	for i := range byte(16) {
		p = p.Next(i)
	}
	require.Equal(t, hx("0123456789abcdef"), p.Bytes[:])
	require.Equal(t, []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, p.Halves())
	require.True(t, p.begins(hx("0123456789abcdef00")))
	require.False(t, p.begins(hx("0123456789abcdee00")))
	require.True(t, SyncPrefix{}.Next(10).begins([]byte{0xAF}))
	require.False(t, SyncPrefix{}.Next(10).begins([]byte{0xBF}))
}

func TestSyncEncodersRefuse(t *testing.T) {
	for name, m := range map[string]SyncMessage{
		"CHECK_KEY without key": SyncCheckKey{},
		"REPAIR without key":    SyncRepair{Number: 1},
		"CHECK of 1 with CLOCK": SyncCheck{Prefix: SyncPrefix{Length: 1}, Clock: true},
		"CHECK of 1 with BRIEF": SyncCheck{Prefix: SyncPrefix{Length: 1}, Brief: true},
		"DIGEST of 17":          SyncDigest{Prefix: SyncPrefix{Length: 17}},
		"CHECK of 17":           SyncCheck{Prefix: SyncPrefix{Length: 17}},
		"CHECK of 1 with PULL":  SyncCheck{Prefix: SyncPrefix{Length: 1}, Pull: true},
		"RESULT of nothing":     SyncResult{First: 1},
		"RESULT of too many":    SyncResult{First: 1, Entries: make([]SyncEntry, 1025)},
		"ERROR with a long key": SyncError{Key: make([]byte, 1025)},
		"DIGEST of form 5":      SyncDigest{Form: 5},
		"ESTIMATE of 1":         SyncDigest{Prefix: SyncPrefix{Length: 1}, Form: SyncEstimate, Entries: make([]byte, 18)},
		"ESTIMATE of 17 bytes":  SyncDigest{Form: SyncEstimate, Entries: make([]byte, 17)},
		"CHECK of 1, ESTIMATE":  SyncCheck{Prefix: SyncPrefix{Length: 1}, Estimate: true},
		"CHECK of 1 with LAST":  SyncCheck{Prefix: SyncPrefix{Length: 1}, Last: true},
		"BRIEF and ESTIMATE":    SyncCheck{Brief: true, Estimate: true},
		"COUNTS without LAST":   SyncCheck{Counts: SyncComplete{Sent: 1}},
		"CHECK with ROOT":       SyncCheck{Last: true, Counts: SyncComplete{Root: true}},
	} {
		b, err := m.AppendBinary(prefix)
		require.Error(t, err, name)
		require.Equal(t, prefix, b, name)
	}
	long, err := SyncError{Session: true, Text: strings.Repeat("ä", 600)}.AppendBinary(nil)
	require.NoError(t, err)
	_, err = ParseSyncAnswer(long)
	require.NoError(t, err)
}

func TestSyncJSONIsStrict(t *testing.T) {
	for _, j := range []string{
		`{}`, `{"kind":"since","clock":""}`, `{"kind":"SINCE"}`, `{"kind":"SINCE","clock":"","colour":"red"}`, `{"kind":"SINCE","clock":"0"}`,
		`{"kind":"CLOCK","flags":"PULL","clock":""}`, `{"kind":"CHECK","flags":"BRIEF|CLOCK","length":"0","prefix":"","fingerprint":"00000000000000000000000000000000","clock":"0000000000000000"}`,
		`{"kind":"COMPLETE","flags":"COUNTS"}`, `{"kind":"REPAIR","number":"256","key":"6b","object":""}`, `{"kind":"RESULT","first":1,"entries":[]}`,
		`{"kind":"RESULT","first":"1","entries":[{"outcome":"done","siblings":"1","code":"NO_ERROR"}]}`,
		`{"kind":"RESULT","first":"1","entries":[{"outcome":"applied","siblings":"65536","code":"NO_ERROR"}]}`,
	} {
		_, err := SyncFromJSON([]byte(j))
		require.Error(t, err, j)
	}
}

// FuzzSync: whatever is accepted is written again as it came, but for ignored bits.
func FuzzSync(f *testing.F) {
	for _, m := range []SyncMessage{
		SyncSince{hx("01000000")}, SyncCheck{}, SyncDigest{Form: SyncItems, Entries: make([]byte, 16)}, SyncCheckKey{[]byte("k"), nil},
		SyncRepair{1, []byte("k"), []byte("o")}, SyncResult{1, []SyncEntry{{SyncApplied, 1, 0}}}, SyncError{Text: "t"}, SyncComplete{},
	} {
		f.Add(must(m.AppendBinary(nil)))
	}
	f.Fuzz(func(t *testing.T, msg []byte) {
		for _, parse := range []func([]byte) (SyncMessage, error){ParseSyncRequest, ParseSyncAnswer} {
			m, err := parse(msg)
			if err != nil {
				requireFault(t, err)
				continue
			}
			out, err := m.AppendBinary(nil)
			require.NoError(t, err)
			require.LessOrEqual(t, len(out), len(msg)) // runs may have been split, counts of 0 said
			again, err := parse(out)
			require.NoError(t, err)
			require.Equal(t, m, again)
		}
	})
}
