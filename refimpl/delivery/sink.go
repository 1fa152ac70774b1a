package delivery

// Plain hands records to a sink that has no transactions: first the effect, then the cursor. A process that ends between the two gets the
// record again, with PossibleDup (CHAN-023): effects have to bear that. It is not safe for concurrent use.
//
// A sink with transactions needs no helper: in the transaction that has the effect it decodes the Cursor that it stored, asks Has, calls
// Add, and stores it again. What StoreCursor says replaces what is stored.
type Plain struct {
	Effect func(Record) error  // makes the effect of a record durable
	Gap    func(NoteGap) error // notes a gap durably
	Keep   func(Cursor) error  // stores the cursor durably
	cursor Cursor
}

// Store carries out StoreCursor.
func (p *Plain) Store(e StoreCursor) error {
	p.cursor = e.Cursor.Clone()
	return p.Keep(p.cursor)
}

// Apply carries out Apply, and gives what the Receiver is to be told. The first record that fails ends the batch.
func (p *Plain) Apply(e Apply) []ReceiverEvent {
	var done numbers
	for i := range e.Items {
		r := e.Items[i].Record
		if err := p.Effect(r); err != nil {
			return append(p.keep(done), failed(e.Items[i:], err)...)
		}
		done = done.add(r.Seq, r.Seq)
	}
	return p.keep(done)
}

// NoteGap carries out NoteGap.
func (p *Plain) NoteGap(e NoteGap) []ReceiverEvent {
	if err := p.Gap(e); err != nil {
		return []ReceiverEvent{Failed{e.Gap.From, e.Gap.To, err}}
	}
	return p.keep(numbers{{First: e.Gap.From, Last: e.Gap.To}})
}

// keep stores the cursor with these numbers, once for all of them.
func (p *Plain) keep(done numbers) (events []ReceiverEvent) {
	next := p.cursor.Clone()
	for _, r := range done {
		next.Add(r.First, r.Last)
	}
	err := p.Keep(next)
	if err == nil {
		p.cursor = next
	}
	for _, r := range done {
		if err != nil {
			events = append(events, Failed{r.First, r.Last, err})
		} else {
			events = append(events, Applied{r.First, r.Last})
		}
	}
	return events
}

func failed(list []Item, err error) (events []ReceiverEvent) {
	var rest numbers
	for i := range list {
		rest = rest.add(list[i].Record.Seq, list[i].Record.Seq)
	}
	for _, r := range rest {
		events = append(events, Failed{r.First, r.Last, err})
	}
	return events
}
