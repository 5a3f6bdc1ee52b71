package ithildin_test

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// contractPage numbers its sections as comments and other pages cite them.
const contractPage = "docs/legacy-contract.md"

func TestEveryCitationOfTheLegacyContractNamesASectionAndACheckOfItsPage(t *testing.T) {
	contract := readContractPage(t)
	found := 0
	for _, name := range files(t) {
		if !slices.Contains([]string{".go", ".md", ".sql", ".txtar"}, path.Ext(name)) || name == "legacy_contract_test.go" {
			continue
		}
		for _, cited := range citationsIn(string(read(t, name))) {
			found++
			if problem := contract.problemWith(cited); problem != "" {
				t.Errorf("%s cites %q: %s", name, cited.content, problem)
			}
		}
	}
	require.Greater(t, found, 80, "the citations are no longer recognized")
}

func TestACitationOfTheLegacyContractThatPointsNowhereIsFound(t *testing.T) {
	contract := readContractPage(t)
	for item, problem := range map[string]string{
		"(contract section 2.1.1, check 10)":             "",
		"(contract sections 2.6\n\t// and 2.7).":         "",
		"Case 27 of the contract.":                       "",
		"(contract section 2.9)":                         "there is no section 2.9",
		"(contract sections 2.2 and 7.9)":                "there is no section 7.9",
		"(contract 2.1.1, checks 7 to 11)":               "section 2.1.1 has no check 11",
		"as the contract has it (2.1.1, 9.9)":            "there is no section 9.9",
		"Cases 29 to 35 and 71 of the contract":          "there is no case 71",
		"as RFC 6749 4.9.9 has it; contract 2.1.1":       "",
		"this is of the contract: tokens.name has 3 ids": "",
	} {
		cited := citationsIn(item)
		got := ""
		for _, c := range cited {
			got += contract.problemWith(c)
		}
		require.Equal(t, problem, got, item)
		require.Equal(t, item == "this is of the contract: tokens.name has 3 ids", len(cited) == 0, item)
	}
}

// contractSections are the numbers of the page: its sections with the checks of each, and its cases.
type contractSections struct {
	checks map[string]map[int]bool
	cases  map[int]bool
}

var (
	sectionHeading = regexp.MustCompile(`^#{2,4} (\d+(?:\.\d+)*)\.? `)
	tableNumbers   = regexp.MustCompile(`^\| (\d+(?:(?:–|, )\d+)*) \|`)
	checkTable     = regexp.MustCompile(`^\| Check \|`)
)

func readContractPage(t *testing.T) contractSections {
	t.Helper()
	contract := contractSections{checks: map[string]map[int]bool{}, cases: map[int]bool{}}
	section, table := "", ""
	for line := range strings.Lines(string(read(t, contractPage))) {
		switch heading := sectionHeading.FindStringSubmatch(line); {
		case heading != nil:
			section = heading[1]
			contract.checks[section] = map[int]bool{}
		case checkTable.MatchString(line):
			table = "check"
		case strings.HasPrefix(line, "| Case |"):
			table = "case"
		case !strings.HasPrefix(line, "|"):
			table = ""
		}
		row := tableNumbers.FindStringSubmatch(line)
		if row == nil || table == "" {
			continue
		}
		for _, number := range numbersOf(row[1]) {
			if table == "check" {
				contract.checks[section][number] = true
			} else {
				contract.cases[number] = true
			}
		}
	}
	require.NotEmpty(t, contract.cases)
	return contract
}

// citation is one mention of a section, a check of it, or cases.
type citation struct {
	content  string
	sections []string
	checks   []int
	cases    []int
}

var (
	// A comment may break anywhere; what its lines begin with is left out before.
	brokenLine = regexp.MustCompile(`\s*\n\s*(?://|--|#)?\s*`)
	list       = `\d+(?:(?:, | and | to )\d+)*`
	cited      = regexp.MustCompile(`\bcontract(?: |[^.;:()]{0,30} \()(?:sections? )?` +
		`(\d+(?:\.\d+)*(?:(?:, | and )(?:sections? )?\d+(?:\.\d+)*)*)(?:, checks? (` + list + `))?`)
	citedCases = regexp.MustCompile(`\b[Cc]ases? (` + list + `) of the contract`)
	number     = regexp.MustCompile(`\d+(?:\.\d+)*`)
)

func citationsIn(content string) []citation {
	content = brokenLine.ReplaceAllString(content, " ")
	var found []citation
	for _, match := range cited.FindAllStringSubmatch(content, -1) {
		found = append(found, citation{content: match[0], sections: number.FindAllString(match[1], -1),
			checks: numbersOf(match[2])})
	}
	for _, match := range citedCases.FindAllStringSubmatch(content, -1) {
		found = append(found, citation{content: match[0], cases: numbersOf(match[1])})
	}
	return found
}

func (c contractSections) problemWith(cited citation) string {
	for _, section := range cited.sections {
		if c.checks[section] == nil {
			return "there is no section " + section
		}
		for _, check := range cited.checks {
			if !c.checks[section][check] {
				return fmt.Sprintf("section %s has no check %d", section, check)
			}
		}
	}
	for _, number := range cited.cases {
		if !c.cases[number] {
			return fmt.Sprintf("there is no case %d", number)
		}
	}
	return ""
}

var (
	span        = regexp.MustCompile(`(\d+)(?:–| to )(\d+)`)
	wholeNumber = regexp.MustCompile(`\d+`)
)

// numbersOf reads "1, 2 and 5 to 7" and "5–7".
func numbersOf(value string) []int {
	var numbers []int
	for _, ends := range span.FindAllStringSubmatch(value, -1) {
		first, _ := strconv.Atoi(ends[1])
		last, _ := strconv.Atoi(ends[2])
		for n := first; n <= last; n++ {
			numbers = append(numbers, n)
		}
	}
	for _, digits := range wholeNumber.FindAllString(value, -1) {
		n, _ := strconv.Atoi(digits)
		numbers = append(numbers, n)
	}
	return numbers
}
