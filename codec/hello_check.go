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
			return helloFault("HELLO-010", it.Value(), "versions of a sub-protocol are not an array of 1 to 16 u16")
		}
	}
	return nil
}

// fitsOffer tells whether v is an array of 1 to 16 versions.
func fitsOffer(v Value) bool {
	if v.Kind() != ValueArray || v.Len() < 1 || v.Len() > maxVersions {
		return false
	}
	for it := v.Iter(); it.Next(); {
		if !fitsUint(it.Value(), "u16") {
			return false
		}
	}
	return true
}

// maxVersions is the greatest number of versions in a list, grease included (HELLO-013, HELLO-015).
const maxVersions = 16

// checkVers judges vers by itself (HELLO-013) and against the header (HELLO-014). A list of nothing but grease has no smallest
// version that is not grease, so that no ver_min can be it.
func checkVers(body Value, vers []uint16, head OpeningHeader) error {
	v, _ := body.Lookup("vers")
	if fault := faultInVers(vers); fault != "" {
		return helloFault("HELLO-013", v, fault)
	}
	least, greatest, ok := versionRange(vers)
	if !ok {
		return helloFault("HELLO-014", v, "vers is nothing but grease")
	}
	if head.VerMin != least {
		return linkFault(CodeEncoding, "HELLO-014", offVersions, "ver_min is not the smallest version in vers")
	}
	if head.VerMax != greatest {
		return linkFault(CodeEncoding, "HELLO-014", offVersions+2, "ver_max is not the greatest version in vers")
	}
	return nil
}

// faultInVers says what is wrong with a list of wire versions, if anything.
func faultInVers(vers []uint16) string {
	if len(vers) == 0 {
		return "vers is empty"
	}
	if len(vers) > maxVersions {
		return "vers has more than 16 entries"
	}
	for i, v := range vers {
		for _, before := range vers[:i] {
			if v == before {
				return "vers has one entry twice"
			}
		}
	}
	return ""
}

func helloFault(req string, v Value, detail string) error {
	return linkFault(CodeEncoding, req, OpeningSize+v.Offset(), detail)
}
