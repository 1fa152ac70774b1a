package codec

// checkHelloKeys is HELLO-010: what the table of keys says, and what it says in words about the maps inside.
func checkHelloKeys(v Value) error {
	if err := checkKeys(v, keysHello, OpeningSize, "HELLO-010"); err != nil {
		return err
	}
	limits, _ := v.Lookup("limits")
	for i := range limitTable {
		if n, ok := limits.Lookup(limitTable[i].Name); ok && !fitsUint(n, "uint") {
			return helloFault("HELLO-010", n, "limit "+limitTable[i].Name+" is no uint")
		}
	}
	protos, _ := v.Lookup("protos")
	for it := protos.Iter(); it.Next(); {
		if !fitsOffer(it.Value()) {
			return helloFault("HELLO-010", it.Value(), "versions of a sub-protocol are not an array of u16")
		}
	}
	return nil
}

// fitsOffer tells whether v is an array of versions.
func fitsOffer(v Value) bool {
	if v.Kind() != ValueArray {
		return false
	}
	for it := v.Iter(); it.Next(); {
		if !fitsUint(it.Value(), "u16") {
			return false
		}
	}
	return true
}

// checkProtos judges the versions of each sub-protocol by the rules of vers, but that no number is grease (HELLO-027).
func checkProtos(body Value) error {
	protos, _ := body.Lookup("protos")
	for it := protos.Iter(); it.Next(); {
		if fault := faultInList(uint16sOf(it.Value())); fault != "" {
			return helloFault("HELLO-027", it.Value(), "a sub-protocol's list of versions "+fault)
		}
	}
	return nil
}

// maxVersions is the greatest number of versions in a list, grease included (HELLO-013, HELLO-015).
const maxVersions = 16

// checkVers judges vers by itself (HELLO-013) and against the header (HELLO-014).
func checkVers(body Value, vers []uint16, head OpeningHeader) error {
	v, _ := body.Lookup("vers")
	if fault := faultInList(vers); fault != "" {
		return helloFault("HELLO-013", v, "vers "+fault)
	}
	least, greatest, ok := versionRange(vers)
	if !ok {
		return helloFault("HELLO-013", v, "vers is nothing but grease")
	}
	if head.VerMin != least {
		return linkFault(CodeEncoding, "HELLO-014", offVersions, "ver_min is not the smallest version in vers")
	}
	if head.VerMax != greatest {
		return linkFault(CodeEncoding, "HELLO-014", offVersions+2, "ver_max is not the greatest version in vers")
	}
	return nil
}

// faultInCount says what is wrong with a list of so many versions, if anything.
func faultInCount(n int) string {
	switch {
	case n == 0:
		return "is empty"
	case n > maxVersions:
		return "has more than 16 entries"
	}
	return ""
}

// faultInList says what is wrong with a list of versions, if anything.
func faultInList(vers []uint16) string {
	if fault := faultInCount(len(vers)); fault != "" {
		return fault
	}
	for i, v := range vers {
		if v == 0 {
			return "has version 0"
		}
		for _, before := range vers[:i] {
			if v == before {
				return "has one entry twice"
			}
		}
	}
	return ""
}

func helloFault(req string, v Value, detail string) error {
	return linkFault(CodeEncoding, req, OpeningSize+v.Offset(), detail)
}
