package digest_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/refimpl/digest"
)

func TestFingerprintVectors(t *testing.T) {
	raw, err := os.ReadFile("../../testdata/clock/objects.json")
	require.NoError(t, err)
	var file struct {
		Fingerprints []struct {
			ID, Prefix, Fingerprint string
			Count                   int
		}
	}
	require.NoError(t, json.Unmarshal(raw, &file))
	require.Len(t, file.Fingerprints, 7)
	for _, v := range file.Fingerprints {
		t.Run(v.ID, func(t *testing.T) {
			prefix, err := hex.DecodeString(v.Prefix)
			require.NoError(t, err)
			var tree digest.Tree
			for n := range uint64(v.Count) {
				sum := sha256.Sum256(binary.BigEndian.AppendUint64(nil, n+1))
				it := digest.Item(sum[:16])
				copy(it[:], prefix)
				tree.Add(it, 0)
			}
			got := tree.Summary(nil)
			require.EqualValues(t, v.Count, got.Count)
			require.Equal(t, v.Fingerprint, hex.EncodeToString(got.FP[:]))
		})
	}
}
