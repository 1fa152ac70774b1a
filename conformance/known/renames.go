package known

import (
	_ "embed"
	"encoding/json"
	"sync"
)

// Rename is a case whose id was changed.
type Rename struct {
	Old   string `json:"old"`
	New   string `json:"new"`
	Since string `json:"since"` // version of the suite
}

//go:embed renames.json
var renamesJSON []byte

// renameFile is renames.json.
type renameFile struct {
	Format  int      `json:"format"` // 1
	Renames []Rename `json:"renames"`
}

// Renames returns the ids that were changed. The list is shared: do not change it.
func Renames() []Rename { return sharedRenames() }

var sharedRenames = sync.OnceValue(func() []Rename {
	var f renameFile
	if err := json.Unmarshal(renamesJSON, &f); err != nil {
		panic(err) // embedded, and read by a test
	}
	return f.Renames
})

// renamed follows an old id to what it is called now. It ends whatever the table says.
func renamed(table []Rename, id string) (now, since string, ok bool) {
	now = id
	for range table {
		found := false
		for _, r := range table {
			if r.Old == now && r.New != now {
				now, since, ok, found = r.New, r.Since, true, true
				break
			}
		}
		if !found {
			break
		}
	}
	return now, since, ok
}
