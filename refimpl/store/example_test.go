package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"handfast/refimpl/store"
)

func Example() {
	dir, err := os.MkdirTemp("", "store")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	s, err := store.Open(store.Config{
		Path:       filepath.Join(dir, "db"),
		Namespaces: map[string]store.Namespace{"users": store.DefaultNamespace()},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	ann := store.Key{Namespace: "users", Name: "ann"}
	err = s.Update(context.Background(), func(tx store.Tx) error {
		_, err := store.Overwrite(tx, ann, []byte("ann@example.org"))
		return errors.Join(err, tx.SetCursor("realtime/7", []byte("position"))) // both or neither
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	object, err := s.Get(ann)
	fmt.Printf("%s %v\n", object.Values()[0], err)
	// Output: ann@example.org <nil>
}
