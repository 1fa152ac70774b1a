package delivery_test

import (
	"fmt"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"

	"handfast/codec"
	"handfast/refimpl/delivery"
)

// A sink with transactions keeps the cursor beside the effects, and commits both together.
type ledger struct{ db *bbolt.DB }

func (l *ledger) Store(c delivery.Cursor) error {
	return l.db.Update(func(tx *bbolt.Tx) error { return put(tx, &c) })
}

func (l *ledger) Apply(r delivery.Record) error {
	return l.db.Update(func(tx *bbolt.Tx) error {
		c, err := delivery.DecodeCursor(tx.Bucket([]byte("ledger")).Get([]byte("cursor")))
		if err != nil || c.Has(r.Seq) {
			return err
		}
		c.Add(r.Seq, r.Seq)
		if err := tx.Bucket([]byte("ledger")).Put(append([]byte("effect "), r.Data...), nil); err != nil {
			return err
		}
		return put(tx, &c)
	})
}

func put(tx *bbolt.Tx, c *delivery.Cursor) error {
	b, err := tx.CreateBucketIfNotExists([]byte("ledger"))
	if err != nil {
		return err
	}
	form, _ := c.AppendBinary(nil)
	return b.Put([]byte("cursor"), form)
}

// Sender and receiver side by side, without a link between them.
func Example() {
	dir, _ := os.MkdirTemp("", "example")
	defer os.RemoveAll(dir)
	db, err := bbolt.Open(filepath.Join(dir, "ledger"), 0o600, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	sink := &ledger{db}

	queue := delivery.NewVolatile("out", delivery.DefaultQueueBytes)
	sender := delivery.NewSender(queue)
	receiver := delivery.NewReceiver(delivery.ReceiverConfig{Transactional: true, MaxMessage: 1 << 20}, nil)
	for _, text := range []string{"a", "b", "c"} {
		if _, err := queue.Append([]byte(text)); err != nil {
			fmt.Println(err)
		}
	}

	open := sender.Step(delivery.Attach{}, 0)[0].(delivery.SendOpen)
	var position codec.Position
	for _, effect := range receiver.Step(delivery.Offered{Attachment: 1, Stream: 1, Channel: open.Channel}, 0) {
		switch e := effect.(type) {
		case delivery.StoreCursor:
			err = sink.Store(e.Cursor)
		case delivery.SendAccept:
			position = e.Position
		}
	}
	sender.Step(delivery.Accepted{Stream: 1, Position: &position, MaxFrame: 1 << 17, MaxMessage: 1 << 20}, 0)
	records := sender.Step(delivery.Room{Charge: 1 << 20, Bytes: 1 << 20}, 0)[0].(delivery.SendRecords)
	for _, one := range receiver.Step(delivery.GotRecords{Attachment: 1, Records: records.Records}, 0)[0].(delivery.Apply).Items {
		if err := sink.Apply(one.Record); err != nil {
			fmt.Println(err)
		}
	}
	receiver.Step(delivery.Applied{First: 1, Last: 3}, 0)
	due, _ := receiver.Deadline()
	ack := receiver.Step(delivery.Tick{}, due)[0].(delivery.SendAck)
	sender.Step(delivery.GotAck{Ack: ack.Ack}, 0)
	have, _ := queue.Bytes()
	fmt.Println(position.State, ack.Ack.Stable, have, err)
	// Output: lost 3 0 <nil>
}
