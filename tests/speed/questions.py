"""Ten questions, asked of tenken as policies and of DuckDB in SQL.

Each is a template with ten constants: with the first constant they are the ten questions that both must answer alike,
with all of them a hundred policies, of which twenty join Okta to Entra.
"""

from dataclasses import dataclass

COUNTRIES = ["JP", "US", "DE", "GB", "FR", "IN", "CA", "IT", "BR", "KR"]
DEPARTMENTS = ["Legal", "Finance", "Engineering", "Manufacturing", "Human Resources", "Customer Care",
               "経営企画部", "営業本部", "情報システム部", "Research"]
PRODUCTS = ["Visio Plan 2", "Power BI Pro", "Project Plan 3", "Power Apps", "Dynamics 365", "Windows 365",
            "Microsoft Teams Rooms", "Exchange Online", "Clipchamp", "Microsoft Fabric"]
SKUS = ["84a661c4-e949-4bd2-a560-ed7766fcaf2b", "c5928f49-12ba-48f7-ada3-0d743a3601d5",
        "f30db892-07e9-47e9-837c-80727f46fd3d", "a403ebcc-fae0-4ca2-8c8c-7a907fd6c235",
        "639dec6b-bb19-468b-871c-c5c441c4b0cb", "f8a1db68-be16-40ed-86d5-cb42ce701560",
        "710779e8-3d4a-4c88-adb9-386c958d1fdf", "e0dfc8b9-9531-4ec8-94b4-9fec23b05fc8",
        "3a6a908c-09c5-406a-8170-8ebb63c42882", "ca7f3140-d88c-455b-9a1c-7f0679e31a76"]


@dataclass
class Question:
    """`@` stands for the constant. SQL knows true, false and null; null is neither, as unknown is."""

    name: str
    constants: list
    resource: str
    when: str
    holds: str
    table: str
    sql_when: str
    sql_holds: str

    def policy(self, number):
        def filled(text):
            return text.replace("@", self.constants[number])

        return "\n".join([
            f"id: speed.{self.name}-{number}",
            f"title: {{ en: {self.name} {number}, ja: {self.name} {number} }}",
            "severity: low",
            f"resource: {self.resource}",
            f"when: >-\n  {filled(self.when)}",
            f"assert: >-\n  {filled(self.holds)}",
            "message: { en: It does not hold, ja: 成り立ちません }",
            "examples:",
            "  - name: Nothing is known",
            f"    given: {{ status: {{ {self.resource}: failed }} }}",
            "    expect: { outcome: unknown, cause: api_error }",
            "",
        ])

    def sql(self, number):
        text = (f"SELECT count(*) FILTER (({self.sql_when}) AND ({self.sql_holds})),"
                f" count(*) FILTER (({self.sql_when}) AND NOT ({self.sql_holds})) FROM {self.table}")
        return text.replace("@", self.constants[number])


QUESTIONS = [
    Question("signed-in", COUNTRIES, "okta.user",
             'user.profile.countryCode == "@"',
             'user.lastLogin != null && user.lastLogin > timestamp("2026-10-15T00:00:00Z")',
             "okta_user", "countryCode = '@'", "coalesce(lastLogin > '2026-10-15', false)"),
    Question("mail-is-login", DEPARTMENTS, "okta.user",
             'user.profile.department == "@"', "user.profile.email == user.profile.login",
             "okta_user", "department = '@'", "email IS NOT DISTINCT FROM login"),
    Question("member", COUNTRIES, "entra.user",
             'user.usageLocation == "@"', 'user.userType == "Member"',
             "entra_user", "usageLocation = '@'", "coalesce(userType = 'Member', false)"),
    Question("enabled", DEPARTMENTS, "entra.user",
             'user.department == "@"', "user.accountEnabled == true",
             "entra_user", "department = '@'", "coalesce(accountEnabled, false)"),
    Question("licensed", COUNTRIES, "entra.user",
             'user.usageLocation == "@"',
             'user.licenseAssignmentStates.exists(s, s.state == "Active" && s.assignedByGroup == null)',
             "entra_user", "usageLocation = '@'",
             "len(list_filter(licenseAssignmentStates, lambda s: s.state = 'Active' AND s.assignedByGroup IS NULL)) > 0"),
    Question("product-not-held", SKUS, "entra.user",
             "user.accountEnabled == true", '!user.licenseAssignmentStates.exists(s, s.skuId == "@")',
             "entra_user", "accountEnabled",
             "len(list_filter(licenseAssignmentStates, lambda s: s.skuId = '@')) = 0"),
    Question("synchronised", COUNTRIES, "okta.app_user",
             'app_user.profile.usageLocation == "@"', 'app_user.syncState != "ERROR" && app_user.externalId != null',
             "app_user", "usageLocation = '@'", "syncState IS DISTINCT FROM 'ERROR' AND externalId IS NOT NULL"),
    Question("product-not-sent", PRODUCTS, "okta.app_user",
             'app_user.scope == "GROUP"', '!app_user.profile.licenses.exists(l, l.startsWith("@ - "))',
             "app_user", "scope = 'GROUP'", "len(list_filter(licenses, lambda l: starts_with(l, '@ - '))) = 0"),
    Question("department-agrees", DEPARTMENTS, "okta.app_user",
             'app_user.entra_user != null && app_user.user != null && app_user.user.profile.department == "@"',
             'app_user.entra_user.department == "@"',
             "linked", "entra_id IS NOT NULL AND department = '@'", "coalesce(entra_department = '@', false)"),
    Question("location-agrees", COUNTRIES, "okta.app_user",
             'app_user.entra_user != null && app_user.profile.usageLocation == "@"',
             'app_user.entra_user.usageLocation == "@"',
             "linked", "entra_id IS NOT NULL AND usageLocation = '@'", "coalesce(entra_location = '@', false)"),
]
