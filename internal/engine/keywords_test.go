package engine

import "testing"

func TestKeywords(t *testing.T) {
	for number, want := range map[string][2]string{
		"+12223334444": {"START", "STOP"}, "+33612345678": {"Démarrer", "STOP"}, "+34612345678": {"ALTA", "BAJA"},
		"+525512345678": {"ALTA", "BAJA"}, "+5511987654321": {"começar", "parar"}, "+4917012345678": {"START", "STOP"},
		"+919812345678": {"START", "STOP"}, "+447700900123": {"START", "STOP"},
	} {
		if got := [2]string{keywordFor(number, subscribe), keywordFor(number, unsubscribe)}; got != want {
			t.Errorf("%s: got %v, want %v", number, got, want)
		}
		if spokenWish(number, want[0]) != subscribe || spokenWish(number, " "+want[1]+"\n") != unsubscribe {
			t.Errorf("%s: the typed keywords are not understood", number)
		}
	}
	for _, text := range []string{"", "STOP it", "BAJA", "stopp", "U STOP"} {
		if w := spokenWish("+12223334444", text); w != noWish {
			t.Errorf("%q is taken for the wish %d", text, w)
		}
	}
	if spokenWish("+12223334444", "stop") != unsubscribe || spokenWish("+5511987654321", "COMEÇAR") != subscribe {
		t.Error("case matters, and should not")
	}
}
